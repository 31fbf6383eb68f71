// deploy/kubernetes: parses, and says what the driver and the processes rely on: names, selectors, verbs, configuration.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Document, parseAllDocuments } from 'yaml';
import { parseConfig } from '../../../src/config.ts';

const folder = path.join(import.meta.dirname, '..', '..', '..', 'deploy', 'kubernetes');

/** Whatever stands there. */
type Manifest = ReturnType<Document['toJS']>;

const manifests = fs.readdirSync(folder).flatMap((file) =>
  parseAllDocuments(fs.readFileSync(path.join(folder, file), 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`);
    return document.toJS();
  }),
);

function find(kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

const config = parseConfig(find('ConfigMap', 'sluice-config').data['sluice.yaml'], 'sluice.yaml');
const taskManagers = find('StatefulSet', config['kubernetes.taskmanager.statefulset']);
const jobManagers = find('StatefulSet', 'sluice-jobmanager');

describe('deploy/kubernetes', () => {
  it('has a configuration that chooses the driver and names its StatefulSet', () => {
    expect(config['resourcemanager.driver']).toBe('kubernetes');
    expect(taskManagers.metadata.namespace).toBe(config['kubernetes.namespace']);
    expect(jobManagers.spec.replicas).toBe(2);
  });

  it('selects the pods that it makes, and services the same', () => {
    for (const set of [jobManagers, taskManagers]) {
      expect(set.spec.selector.matchLabels).toEqual(set.spec.template.metadata.labels);
      expect(find('Service', set.spec.serviceName).spec.selector).toEqual(set.spec.template.metadata.labels);
    }
    const [{ port }] = find('Service', 'sluice-jobmanager').spec.ports;
    expect(port).toBe(config['rest.port']);
    expect(jobManagers.spec.template.spec.containers[0].ports).toEqual([{ name: 'rest', containerPort: port }]);
  });

  it('lets JobManagers do what the driver does, and no more', () => {
    const { rules, metadata } = find('Role', 'sluice-taskmanager-driver');
    expect(rules).toEqual([
      {
        apiGroups: ['apps'],
        resources: ['statefulsets'],
        resourceNames: [taskManagers.metadata.name],
        verbs: ['get', 'patch'],
      },
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'delete'] },
    ]);
    const binding = find('RoleBinding', 'sluice-taskmanager-driver');
    expect(binding.roleRef.name).toBe(metadata.name);
    const { serviceAccountName } = jobManagers.spec.template.spec;
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name: serviceAccountName, namespace: 'sluice' }]);
    find('ServiceAccount', serviceAccountName);
  });

  it('starts processes as the command line takes them, with every volume that they mount', () => {
    const text = (set: Manifest) => set.spec.template.spec.containers[0].args[0] as string;
    expect(text(taskManagers)).toMatch(/sluice _taskmanager --id "\$HOSTNAME-\$run" .*--request any/);
    expect(text(jobManagers)).toMatch(/sluice _jobmanager --id "jm-/);
    for (const set of [jobManagers, taskManagers]) {
      const { containers, volumes } = set.spec.template.spec;
      const names = (items: readonly { name: string }[]) => items.map(({ name }) => name);
      expect(names(containers[0].volumeMounts)).toEqual(names(volumes));
      find('ConfigMap', volumes[0].configMap.name);
      find('PersistentVolumeClaim', volumes[2].persistentVolumeClaim.claimName);
      expect(containers[0].volumeMounts[2].mountPath).toBe(config['execution.checkpointing.dir']);
    }
    for (const manifest of manifests)
      if (manifest.kind !== 'Namespace') expect(manifest.metadata.namespace).toBe('sluice');
  });
});
