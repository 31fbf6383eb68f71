// `sluice stop-cluster`: stops what was started from the folder, and nothing else.
import { ClusterDir } from './clusterDir.ts';
import type { DirOption } from './options.ts';
import { stopAll } from './processes.ts';

export async function stopCluster(options: DirOption): Promise<void> {
  const dir = new ClusterDir(options.dir);
  const { stopped, killed } = await stopAll(dir);
  if (stopped.length === 0) {
    console.log(`Nothing runs in ${dir.name}.`);
    return;
  }
  console.log(`Stopped ${stopped.map(({ id }) => id).join(', ')}.`);
  if (killed.length > 0)
    console.log(`These did not stop in time and were killed: ${killed.map(({ id }) => id).join(', ')}.`);
}
