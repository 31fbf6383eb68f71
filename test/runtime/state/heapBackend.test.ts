// The heap backend by the contract of all backends, and one that leaves the heap in the midst of it.
import { backendContract } from './backendContract.ts';
import { hashmap, lmdb, movingHashmap } from './backends.ts';

backendContract(hashmap, [lmdb(1_000)]);
backendContract(movingHashmap, [hashmap]);
