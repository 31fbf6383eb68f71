// `sluice jobmanager status`: who leads, and which processes the cluster has, as the leader's replica (or the furthest one) knows it.
import { ClusterDir } from './clusterDir.ts';
import type { DirOption } from './options.ts';
import { askCluster } from './restClient.ts';

export async function showStatus(options: DirOption & { readonly json?: boolean }): Promise<void> {
  const { status } = await askCluster(new ClusterDir(options.dir));
  const jobManagers = [...status.jobManagers].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
  const taskManagers = [...status.taskManagers].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
  if (options.json) {
    const { leaderId, epoch, offset, desiredTaskManagers } = status;
    console.log(JSON.stringify({ leaderId, epoch, offset, desiredTaskManagers, jobManagers, taskManagers }, null, 2));
    return;
  }
  console.log(`Leader ${status.leaderId ?? 'none'}, epoch ${status.epoch}, offset ${status.offset}`);
  if (status.desiredTaskManagers > 0) console.log(`TaskManagers desired: ${status.desiredTaskManagers}`);
  for (const { id, pid, rest, role, offset } of jobManagers) {
    console.log(`  ${id.padEnd(12)} ${role.padEnd(8)} pid ${String(pid).padEnd(8)} ${rest}  offset ${offset}`);
  }
  for (const { id, pid, slots, slotsFree } of taskManagers) {
    console.log(`  ${id.padEnd(12)} ${''.padEnd(8)} pid ${String(pid).padEnd(8)} ${slotsFree} of ${slots} slots free`);
  }
}
