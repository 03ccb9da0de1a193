/**
 * What a benchmark case is: contenders that are run in turn, and figures of them that have goals.
 * @module
 */

export interface RunOptions {
  /** Seconds of load, or a share of the operations, for a quick look instead of a figure to quote. */
  readonly quick: boolean
}

/** One run's figures by name. */
export type Figures = Readonly<Record<string, number>>

export type Contender = (options: RunOptions) => Promise<Figures>

/** A figure that is compared: ours divided by the peer's, or where no peer is named ours itself, must reach the goal. */
export interface Metric {
  readonly figure: string
  readonly unit: string
  /** The contender the ratio is taken against. */
  readonly against?: string
  readonly goal: { readonly atLeast: number } | { readonly atMost: number }
}

export interface Case {
  readonly name: string
  /** `unisock` is ours; the rest are peers. */
  readonly contenders: Readonly<Record<string, Contender>>
  readonly metrics: readonly Metric[]
  readonly rounds: number
}

export const OURS = 'unisock'
