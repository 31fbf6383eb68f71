// Fails in a named operator, by an error that has a cause. Its name and its messages are HTML, which nobody is to take for that.
import { StreamExecutionEnvironment } from 'sluice';

function parseReading(text: string): number {
  const celsius = Number(text);
  if (Number.isNaN(celsius))
    throw new TypeError(`reading "${text}" is no number`, { cause: new Error('the sensor said <u id="said">n/a</u>') });
  return celsius;
}

const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.fromElements('12.5', '<i id="read">warm</i>').map(parseReading).name('Parse <s id="parse">reading</s>').print();
await env.execute('<img src=x onerror="document.title=\'harmed\'">');
