/**
 * The mode registry and the option dispatch table, filled by the plugins a program chose.
 * @module
 */
import { SocketError } from '../errors.ts'
import { findMode, type ModeDefinition } from '../plugin/mode.ts'
import type { OptionDefinition } from '../plugin/option.ts'
import { API_VERSION, type PluginDefinition } from '../plugin/plugin.ts'
import { packageOf } from './ranges.ts'

type Range = readonly [from: number, to: number]

export class Registry {
  readonly #modes = new Map<number, { definition: ModeDefinition; plugin: PluginDefinition }>()
  readonly #options = new Map<number, { definition: OptionDefinition; plugin: PluginDefinition }>()
  readonly #plugins: PluginDefinition[] = []

  /** @throws SocketError EPLUGINLOAD or ECONFLICT, naming both owners of a number */
  add(plugin: PluginDefinition): void {
    if (plugin.apiVersion !== API_VERSION)
      throw new SocketError(
        'EPLUGINLOAD',
        `plugin ${plugin.name} ${plugin.version} is written for plugin API ${plugin.apiVersion}; this kernel has ${API_VERSION}`,
      )
    for (const other of this.#plugins) this.#checkRanges(plugin, other)
    for (const mode of plugin.modes) this.#addMode(plugin, mode)
    for (const option of plugin.options) this.#addOption(plugin, option)
    this.#plugins.push(plugin)
  }

  /** @throws SocketError EMODENOTSUPP, naming the package to add where one is known */
  mode(number: number): { definition: ModeDefinition; plugin: PluginDefinition } {
    const found = this.#modes.get(number)
    if (found) return found
    const defined = findMode(number)
    const packageName = defined?.package ?? packageOf(number)
    const what = defined ? `${defined.name} (${number})` : String(number)
    throw new SocketError(
      'EMODENOTSUPP',
      packageName
        ? `mode ${what} is served by ${packageName}: add it to createKernel({ plugins: [...] })`
        : `mode ${what} is unknown; the kernel has ${this.#list(this.#modes)}`,
      { op: 'create' },
    )
  }

  /** The option, where the mode takes it. */
  find(number: number, mode: ModeDefinition): OptionDefinition | undefined {
    const found = this.#options.get(number)?.definition
    return found && takes(mode, found) ? found : undefined
  }

  /** @throws SocketError ENOPROTOOPT, with the options the mode has */
  option(number: number, mode: ModeDefinition, fd: number, op: string): OptionDefinition {
    const taken = this.find(number, mode)
    if (taken) return taken
    const found = this.#options.get(number)?.definition
    const what = found ? `${found.name} (${number}) is not an option of` : `${number} is no option of`
    throw new SocketError(
      'ENOPROTOOPT',
      `${what} ${mode.name}; it has ${this.optionsOf(mode)
        .map(option => `${option.name} (${option.number})`)
        .join(', ')}`,
      { fd, op },
    )
  }

  optionsOf(mode: ModeDefinition): OptionDefinition[] {
    return [...this.#options.values()]
      .map(({ definition }) => definition)
      .filter(definition => takes(mode, definition))
      .sort((a, b) => a.number - b.number)
  }

  #checkRanges(plugin: PluginDefinition, other: PluginDefinition): void {
    const conflict = (kind: string, [from, to]: Range, [otherFrom, otherTo]: Range): void => {
      if (from > otherTo || otherFrom > to) return
      throw new SocketError(
        'ECONFLICT',
        `plugins ${other.name} (${kind} ${otherFrom}-${otherTo}) and ${plugin.name} (${kind} ${from}-${to}) overlap`,
      )
    }
    if (plugin.name === other.name) throw new SocketError('ECONFLICT', `plugin ${plugin.name} is given twice`)
    for (const a of plugin.modeRanges) for (const b of other.modeRanges) conflict('modes', a, b)
    for (const a of plugin.optionRanges) for (const b of other.optionRanges) conflict('options', a, b)
  }

  #addMode(plugin: PluginDefinition, definition: ModeDefinition): void {
    const { number, name } = definition
    if (!within(plugin.modeRanges, number))
      throw new SocketError(
        'ECONFLICT',
        `plugin ${plugin.name}: mode ${name} (${number}) is outside its ranges${ownerText(packageOf(number))}`,
      )
    this.#modes.set(number, { definition, plugin })
  }

  #addOption(plugin: PluginDefinition, definition: OptionDefinition): void {
    const { number, name, family } = definition
    const existing = this.#options.get(number)
    if (existing && !same(existing.definition, definition))
      throw new SocketError(
        'ECONFLICT',
        `option ${number} is ${existing.definition.name} of plugin ${existing.plugin.name} and ${name} of plugin ${plugin.name}`,
      )
    const own = plugin.modes.some(mode => mode.family === family)
    if (own && !within(plugin.optionRanges, number)) {
      const owner = this.#plugins.find(other => within(other.optionRanges, number))?.name
      throw new SocketError(
        'ECONFLICT',
        `plugin ${plugin.name}: option ${name} (${number}) is outside its ranges${ownerText(owner)}`,
      )
    }
    if (!existing) this.#options.set(number, { definition, plugin })
  }

  #list(modes: ReadonlyMap<number, { definition: ModeDefinition }>): string {
    if (modes.size === 0) return 'no plugins'
    return [...modes.values()].map(({ definition }) => `${definition.name} (${definition.number})`).join(', ')
  }
}

function takes(mode: ModeDefinition, option: OptionDefinition): boolean {
  return mode.families.includes(option.family) && (option.modes?.includes(mode.number) ?? true)
}

function within(ranges: readonly Range[], number: number): boolean {
  return ranges.some(([from, to]) => number >= from && number <= to)
}

function ownerText(owner: string | undefined): string {
  return owner === undefined ? '' : `, which belongs to ${owner}`
}

/** Two copies of a package define the same option twice; that is no conflict. */
function same(a: OptionDefinition, b: OptionDefinition): boolean {
  if (a === b) return true
  const shape = ({ name, family, schema, when, journal, secret, default: fallback }: OptionDefinition) =>
    JSON.stringify([name, family, schema, when, journal, secret, fallback])
  return shape(a) === shape(b)
}
