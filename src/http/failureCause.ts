// Why an asynchronous operation failed, as Flink's clients read it: they show nothing of a cause that does not come with a serialised
// org.apache.flink.util.SerializedThrowable, so one is written here, by the Java Object Serialization Stream Protocol: with a message and
// without a trace.

const STREAM_MAGIC_AND_VERSION = [0xac, 0xed, 0x00, 0x05];
const TC_NULL = 0x70;
const TC_REFERENCE = 0x71;
const TC_CLASSDESC = 0x72;
const TC_OBJECT = 0x73;
const TC_STRING = 0x74;
const TC_ENDBLOCKDATA = 0x78;
const SC_SERIALIZABLE = 0x02;
const SC_WRITE_METHOD = 0x01;
const CAUSE_CLASS = 'java.lang.Exception';
/** Handles are given in order: a class and the names of its fields' types, one class after the other, then the object. */
const HANDLE_OF_OBJECT = 0x7e0000 + 10;
const SERIALIZED_THROWABLE_UID = '65169df51fa713f3';
const EXCEPTION_UID = 'd0fd1f3e1a3b1cc4';
const THROWABLE_UID = 'd5c635273977b8cb';
/** The length of a string is written as 16 bits; a character takes three bytes at most. */
const MAX_MESSAGE_CHARS = 20_000;

/** `operation.failure-cause`. */
export function failureCause(message: string): object {
  return {
    class: CAUSE_CLASS,
    'stack-trace': `${CAUSE_CLASS}: ${message}`,
    'serialized-throwable': serializedThrowable(message).toString('base64'),
  };
}

function serializedThrowable(message: string): Buffer {
  const throwableClass = [
    TC_CLASSDESC,
    ...utf('java.lang.Throwable'),
    ...Buffer.from(THROWABLE_UID, 'hex'),
    SC_SERIALIZABLE | SC_WRITE_METHOD,
    // Fields, by name: cause, detailMessage, stackTrace, suppressedExceptions.
    ...[0, 4],
    ...field('L', 'cause', [TC_STRING, ...utf('Ljava/lang/Throwable;')]),
    ...field('L', 'detailMessage', [TC_STRING, ...utf('Ljava/lang/String;')]),
    ...field('[', 'stackTrace', [TC_STRING, ...utf('[Ljava/lang/StackTraceElement;')]),
    ...field('L', 'suppressedExceptions', [TC_STRING, ...utf('Ljava/util/List;')]),
    TC_ENDBLOCKDATA,
    TC_NULL,
  ];
  const exceptionClass = [
    TC_CLASSDESC,
    ...utf('java.lang.Exception'),
    ...Buffer.from(EXCEPTION_UID, 'hex'),
    SC_SERIALIZABLE,
    ...[0, 0],
    TC_ENDBLOCKDATA,
    ...throwableClass,
  ];
  const serializedThrowableClass = [
    TC_CLASSDESC,
    ...utf('org.apache.flink.util.SerializedThrowable'),
    ...Buffer.from(SERIALIZED_THROWABLE_UID, 'hex'),
    SC_SERIALIZABLE,
    ...[0, 3],
    ...field('L', 'fullStringifiedStackTrace', [TC_STRING, ...utf('Ljava/lang/String;')]),
    ...field('L', 'originalErrorClassName', [TC_STRING, ...utf('Ljava/lang/String;')]),
    ...field('[', 'serializedException', [TC_STRING, ...utf('[B')]),
    TC_ENDBLOCKDATA,
    ...exceptionClass,
  ];
  const shortened = message.slice(0, MAX_MESSAGE_CHARS);
  // A cause that is the exception itself means none. No stack trace, nothing suppressed.
  const ofThrowable = [TC_REFERENCE, ...int(HANDLE_OF_OBJECT), TC_STRING, ...utf(shortened), TC_NULL, TC_NULL];
  const ofSerialized = [TC_STRING, ...utf(`${CAUSE_CLASS}: ${shortened}`), TC_STRING, ...utf(CAUSE_CLASS), TC_NULL];
  return Buffer.from([
    ...STREAM_MAGIC_AND_VERSION,
    TC_OBJECT,
    ...serializedThrowableClass,
    ...ofThrowable,
    TC_ENDBLOCKDATA,
    ...ofSerialized,
  ]);
}

function field(kind: 'L' | '[', name: string, type: readonly number[]): number[] {
  return [kind.charCodeAt(0), ...utf(name), ...type];
}

/** Java's modified UTF-8: NUL as two bytes, characters beyond 16 bits as two surrogates of three bytes each. */
function utf(text: string): number[] {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x01 && unit <= 0x7f) bytes.push(unit);
    else if (unit <= 0x7ff) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
  }
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}

function int(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
}
