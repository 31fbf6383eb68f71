// Copies lines from a file or folder to a file, or prints them.
import { StreamExecutionEnvironment } from 'sluice';

export default async function main([input, output, watch]: string[]): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const lines = env.readTextFile(input!, { watch: watch === 'watch' });
  if (output === 'print') lines.print();
  else lines.writeAsText(output!);
  await env.execute('copy text');
}
