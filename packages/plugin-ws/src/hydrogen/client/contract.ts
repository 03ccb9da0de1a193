/**
 * What a server's commands take and give, and what its topics carry, as types.
 * @module
 */

/**
 * ```ts
 * interface Printer {
 *   commands: { 'print:start': [job: { file: string }, started: { job: number }] }
 *   topics: { 'printer.*.temperature': number }
 * }
 * ```
 */
export interface Contract {
  /** `channel:action` to what goes there and what comes back. */
  commands?: Record<keyof any, any>
  /** A topic, or a pattern of topics, to the data of its events. */
  topics?: Record<keyof any, any>
}

/** A server of which nothing is known. */
export interface AnyContract {
  commands: Record<string, [any, any]>
  topics: Record<string, any>
}

type CommandsOf<C> = C extends { commands: infer M } ? M : AnyContract['commands']
type TopicsOf<C> = C extends { topics: infer M } ? M : AnyContract['topics']

type Names<M> = Extract<keyof M, string>

export type ChannelOf<C> =
  string extends Names<CommandsOf<C>>
    ? string
    : Names<CommandsOf<C>> extends infer K
      ? K extends `${infer Channel}:${string}`
        ? Channel
        : never
      : never

export type ActionOf<C, Channel extends string> =
  string extends Names<CommandsOf<C>>
    ? string
    : Names<CommandsOf<C>> extends infer K
      ? K extends `${Channel}:${infer Action}`
        ? Action
        : never
      : never

type Pair<C, K> = K extends keyof CommandsOf<C> ? CommandsOf<C>[K] : never

/** What goes with a command. */
export type InputOf<C, Channel extends string, Action extends string> =
  Pair<C, `${Channel}:${Action}`> extends readonly [infer In, any] ? In : unknown

/** What comes back. */
export type OutputOf<C, Channel extends string, Action extends string> =
  Pair<C, `${Channel}:${Action}`> extends readonly [any, infer Out] ? Out : unknown

/** The topics of a pattern, as a template. */
type Text<Pattern> = Pattern extends `${infer Head}*${infer Tail}`
  ? `${Head}${string}${Text<Tail>}`
  : Pattern extends `${infer Head}>`
    ? `${Head}${string}`
    : Pattern

export type TopicName<C> = Names<TopicsOf<C>> | (string & {})

/** What events of a topic carry, or those of all topics of a pattern. */
export type DataOf<C, Topic extends string> = Topic extends keyof TopicsOf<C>
  ? TopicsOf<C>[Topic]
  : {
        [K in Names<TopicsOf<C>> as Topic extends Text<K>
          ? K
          : K extends Text<Topic>
            ? K
            : never]: TopicsOf<C>[K]
      } extends infer Found
    ? [keyof Found] extends [never]
      ? unknown
      : Found[keyof Found]
    : never
