// The Logger port: the part of pino's interface that the shells use, so that a pino logger fits as it is and a test may pass its own.

export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}
