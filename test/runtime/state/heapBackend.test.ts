// The heap backend by the contract of all backends.
import { backendContract } from './backendContract.ts';
import { hashmap, lmdb } from './backends.ts';

backendContract(hashmap, [lmdb(1_000)]);
