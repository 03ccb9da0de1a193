/**
 * The kernel's copy of one fd's option values, and what a restarted worker is given back.
 * @module
 */
import type { OptionDefinition } from '../plugin/option.ts'

interface Value {
  readonly value: unknown
  readonly wire: unknown
}

/** A value on its way to the worker: it reads back at once and is forgotten if the worker refuses it. */
export interface Proposal extends Value {
  readonly definition: OptionDefinition
  readonly key: string
}

const LAST = ''

export class OptionValues {
  readonly #inherited: OptionValues | undefined
  readonly #accepted = new Map<OptionDefinition, Map<string, Value>>()
  readonly #proposed: Proposal[] = []

  /** A connection reads its listener's values where it has none of its own. */
  constructor(inherited?: OptionValues) {
    this.#inherited = inherited
  }

  propose(definition: OptionDefinition, value: unknown, wire: unknown): Proposal {
    const key = definition.journal === 'append' ? (definition.key?.(value) ?? JSON.stringify(value)) : LAST
    const proposal = { definition, value, wire, key }
    this.#proposed.push(proposal)
    return proposal
  }

  accept(proposal: Proposal): void {
    this.withdraw(proposal)
    const { definition, key, value, wire } = proposal
    let values = this.#accepted.get(definition)
    if (!values) this.#accepted.set(definition, (values = new Map()))
    values.set(key, { value, wire })
  }

  withdraw(proposal: Proposal): void {
    const index = this.#proposed.indexOf(proposal)
    if (index >= 0) this.#proposed.splice(index, 1)
  }

  /** The value set last, accepted or on its way; undefined when none was. */
  get(definition: OptionDefinition): unknown {
    const proposed = this.#proposed.findLast(proposal => proposal.definition.number === definition.number)
    if (proposed) return proposed.value
    const accepted = this.#accepted.get(definition)
    if (accepted) return [...accepted.values()].at(-1)!.value
    return this.#inherited?.get(definition)
  }

  /** All values of an `append` option. */
  all(definition: OptionDefinition): unknown[] {
    const values = new Map<string, unknown>()
    for (const [key, { value }] of this.#accepted.get(definition) ?? []) values.set(key, value)
    for (const proposal of this.#proposed)
      if (proposal.definition.number === definition.number) values.set(proposal.key, proposal.value)
    return values.size > 0 ? [...values.values()] : (this.#inherited?.all(definition) ?? [])
  }

  /** What the journal holds: accepted values in the order first set, without actions. */
  *journal(): Generator<{ definition: OptionDefinition; key: string; wire: unknown }> {
    for (const [definition, values] of this.#accepted) {
      if (definition.journal === 'action') continue
      for (const [key, { wire }] of values) yield { definition, key, wire }
    }
  }
}
