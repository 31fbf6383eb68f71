// Types that keep the API honest about fields: `sum` takes only numeric ones.

/** A non-empty tuple. As an overload's constraint it makes `w => [w, 1]` a `[string, number]` instead of a `(string | number)[]`. */
export type Tuple = [unknown, ...unknown[]];

/** What `keyBy` may return. Functions, symbols, NaN and instances of classes are refused when the job runs. */
export type Key = string | number | bigint | boolean | object;

/** Positions or names of the fields of T that hold a V: `1` for `[string, number]` and numbers, `'count'` for `{ word: string; count: number }`. */
type FieldOf<T, V> = T extends readonly unknown[]
  ? number extends T['length']
    ? T[number] extends V
      ? number
      : never
    : {
        [P in keyof T]: P extends `${infer Index extends number}` ? (T[P] extends V ? Index : never) : never;
      }[number]
  : T extends object
    ? { [P in keyof T]-?: T[P] extends V ? P & (string | number) : never }[keyof T]
    : never;

/** What can be compared: with others of its type, by `<`. */
type Comparable = number | bigint | string;

/** Positions or names of the fields of T that hold numbers. */
export type NumericField<T> = FieldOf<T, number>;

/** Positions or names of the fields of T that can be compared. */
export type ComparableField<T> = FieldOf<T, Comparable>;

/** Arguments of `min` and its like: none for a stream of numbers, bigints or strings, else the field. */
export type ComparableArguments<T> = [T] extends [Comparable] ? [] : [field: ComparableField<T>];

/** Arguments of `sum`: none for a stream of numbers, else the field. */
export type SumArguments<T> = [T] extends [number] ? [] : [field: NumericField<T>];

/** Positions or names of the fields of T that can be keys. */
export type KeyField<T> = FieldOf<T, Key>;

/** What a field of T holds. */
export type FieldType<T, F> = T extends readonly unknown[] ? T[F & number] : F extends keyof T ? T[F] : never;
