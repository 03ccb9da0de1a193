/**
 * Path parameters in the type system: what a route's pattern says its handler gets.
 * @module
 */

type Value<T extends string> = T extends 'int' ? number : string

type Param<I extends string> = I extends `${infer N}:${infer T}`
  ? { [K in N]: Value<T> }
  : I extends `${infer N}*`
    ? { [K in N]: string }
    : { [K in I]: string }

type Collect<P extends string> = P extends `${string}{${infer I}}${infer R}` ? Param<I> & Collect<R> : unknown

type Flatten<T> = { [K in keyof T]: T[K] }

/**
 * The parameters of a pattern: `{id}`, `{id:uuid}` and `{rest*}` are strings, `{id:int}` is a number.
 *
 * @example Params<'/users/{id:int}/files/{rest*}'> // { id: number; rest: string }
 */
export type Params<P extends string> = string extends P
  ? Record<string, string | number>
  : Flatten<Collect<P>>
