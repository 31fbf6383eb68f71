// `sluice config`: the keys of sluice.yaml for people, as documentation, and a check of a file.
import { configKeys, optionOf } from '../config/options.ts';
import { configMarkdown, configYaml } from '../config/text.ts';
import { loadConfig } from '../config.ts';
import { ClusterDir } from './clusterDir.ts';
import type { DirOption } from './options.ts';

interface ConfigOptions extends DirOption {
  readonly markdown?: boolean;
  readonly yaml?: boolean;
  readonly check?: string;
}

export function showConfig(options: ConfigOptions): void {
  if (options.markdown) process.stdout.write(configMarkdown());
  else if (options.yaml) process.stdout.write(configYaml());
  else if (options.check !== undefined) {
    loadConfig(options.check);
    console.log(`${options.check} is valid.`);
  } else {
    const file = new ClusterDir(options.dir).existingConfigFile;
    const config = loadConfig(file);
    const width = Math.max(...configKeys.map((key) => key.length));
    if (file !== null) console.log(`# with ${file}; durations in ms, memory in bytes`);
    for (const key of configKeys) {
      const value = file === null ? optionOf(key).fallback : String(config[key]);
      console.log(`${`${key}:`.padEnd(width + 1)} ${value}`);
    }
  }
}
