// The heap backend by the contract of all backends.
import { HeapBackend } from '../../../src/runtime/state/heapBackend.ts';
import { backendContract } from './backendContract.ts';

backendContract({ name: 'hashmap', open: (maxParallelism, now) => new HeapBackend(maxParallelism, now) }, []);
