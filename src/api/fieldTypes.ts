// Types that keep the API honest about fields: `sum` takes only numeric ones.

/** A non-empty tuple. As an overload's constraint it makes `w => [w, 1]` a `[string, number]` instead of a `(string | number)[]`. */
export type Tuple = [unknown, ...unknown[]];

/** What `keyBy` may return. Functions, symbols, NaN and instances of classes are refused when the job runs. */
export type Key = string | number | bigint | boolean | object;

/** Positions or names of the fields of T that hold numbers: `1` for `[string, number]`, `'count'` for `{ word: string; count: number }`. */
export type NumericField<T> = T extends readonly unknown[]
  ? number extends T['length']
    ? T[number] extends number
      ? number
      : never
    : {
        [P in keyof T]: P extends `${infer Index extends number}` ? (T[P] extends number ? Index : never) : never;
      }[number]
  : T extends object
    ? { [P in keyof T]-?: T[P] extends number ? P & (string | number) : never }[keyof T]
    : never;

/** Arguments of `sum`: none for a stream of numbers, else the field. */
export type SumArguments<T> = [T] extends [number] ? [] : [field: NumericField<T>];
