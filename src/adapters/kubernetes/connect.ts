// The driver with the credentials of where it runs: a pod's service account, else the kubeconfig of its user.
import { AppsV1Api, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { KubernetesDriver, type KubernetesDriverOptions } from './kubernetesDriver.ts';

export function connectKubernetesDriver(
  options: Omit<KubernetesDriverOptions, 'apps' | 'core'>,
  kubeConfig = defaultConfig(),
): KubernetesDriver {
  const apps = kubeConfig.makeApiClient(AppsV1Api);
  const core = kubeConfig.makeApiClient(CoreV1Api);
  return new KubernetesDriver({ ...options, apps, core });
}

function defaultConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}
