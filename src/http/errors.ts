// Failures of REST: those of opening it (RestError), and those of a request, which answer with a status and Flink's `{"errors": […]}`.

export type RestErrorCode = 'PORT_IN_USE' | 'CANNOT_LISTEN';

export class RestError extends Error {
  override readonly name = 'RestError';
  readonly code: RestErrorCode;
  constructor(code: RestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Thrown by a handler: answers with `statusCode` and the message. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly statusCode: 400 | 404 | 405 | 409 | 503;
  constructor(statusCode: RequestError['statusCode'], message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}
