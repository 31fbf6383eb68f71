// The logger of a command: its errors are told by the command, and what a library notes on the way is not for its user.
import type { Logger } from '../ports/logger.ts';

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
