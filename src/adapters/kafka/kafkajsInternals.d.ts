// Types for the parts of kafkajs that it does not export: the connection and the protocol's requests. kafkajs 2.2.4 is the
// library's last version, so these paths do not move; docs/decisions.md says why the adapter stands on them.

declare module 'kafkajs/src/network/connection.js' {
  import type { Socket } from 'node:net';

  interface RequestSpec {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<unknown>;
  }
  interface ProtocolCall {
    readonly request: RequestSpec;
    readonly response: {
      readonly decode: (payload: Buffer) => Promise<unknown>;
      readonly parse: (decoded: unknown) => Promise<unknown>;
    };
    readonly requestTimeout?: number | null;
    readonly logResponseError?: boolean;
  }
  class Connection {
    constructor(options: Readonly<Record<string, unknown>>);
    readonly socket?: Socket;
    connect(): Promise<unknown>;
    disconnect(): Promise<unknown>;
    isConnected(): boolean;
    setVersions(versions: unknown): void;
    setSupportAuthenticationProtocol(isSupported: boolean): void;
    authenticate(): Promise<void>;
    rejectRequests(error: Error): void;
    send(call: ProtocolCall): Promise<unknown>;
  }
  namespace Connection {
    export type { ProtocolCall, RequestSpec };
  }
  export = Connection;
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  import type { ProtocolCall } from 'kafkajs/src/network/connection.js';

  interface RequestDefinition {
    readonly versions: readonly string[];
    readonly protocol: (options: { version: number }) => (args?: unknown) => ProtocolCall;
  }
  const protocol: {
    readonly requests: Readonly<Record<string, RequestDefinition>>;
    readonly lookup: (
      versions: Readonly<Record<number, { minVersion: number; maxVersion: number }>>,
    ) => (apiKey: number, definition: RequestDefinition) => (args?: unknown) => ProtocolCall;
  };
  export = protocol;
}

declare module 'kafkajs/src/protocol/requests/apiKeys.js' {
  const apiKeys: Readonly<Record<string, number>>;
  export = apiKeys;
}

declare module 'kafkajs/src/protocol/error.js' {
  const errors: {
    readonly createErrorFromCode: (code: number) => {
      readonly type: string;
      readonly message: string;
      readonly retriable: boolean;
    };
  };
  export = errors;
}

declare module 'kafkajs/src/protocol/encoder.js' {
  class Encoder {
    constructor(initialSizeBytes?: number);
    writeInt16(value: number): this;
    writeInt32(value: number): this;
    writeString(value: string | null): this;
    writeBuffer(value: Buffer): this;
  }
  export = Encoder;
}

declare module 'kafkajs/src/protocol/recordBatch/crc32C/index.js' {
  function crc32C(bytes: Buffer): number;
  export = crc32C;
}
