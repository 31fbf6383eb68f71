// The LMDB backend by the contract of all backends: where everything comes and goes, and where everything stays in the cache.
import { backendContract } from './backendContract.ts';
import { hashmap, lmdb } from './backends.ts';

backendContract(lmdb(1_000), [hashmap]);
backendContract(lmdb(1_000_000), []);
