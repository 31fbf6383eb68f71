// A process that starts a broker, prints the broker's pid and then waits to be killed.
import { startLocalBroker } from '../../src/adapters/kafka/localBroker.ts';

const broker = await startLocalBroker();
console.info(String(broker.pid));
setInterval(() => {}, 60_000);
