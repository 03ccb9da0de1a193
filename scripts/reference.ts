/**
 * The pages of the manual that are written from the code: options and errors.
 */
import { ERRORS } from '../packages/kernel/src/errors.ts'
import type { OptionDefinition } from '../packages/kernel/src/plugin/option.ts'
import type { PluginDefinition } from '../packages/kernel/src/plugin/plugin.ts'

export function optionsPage(plugins: readonly PluginDefinition[]): string {
  const options = new Map<number, OptionDefinition>()
  for (const plugin of plugins) for (const option of plugin.options) options.set(option.number, option)
  const modes = plugins.flatMap(plugin => plugin.modes).sort((a, b) => a.number - b.number)
  const rows = [...options.values()]
    .sort((a, b) => a.number - b.number)
    .map(option => {
      const takers = modes
        .filter(
          mode => mode.families.includes(option.family) && (option.modes?.includes(mode.number) ?? true),
        )
        .map(mode => mode.name)
      const cells = [
        option.number,
        `\`${option.name}\``,
        typeOf(option),
        defaultOf(option),
        WHEN[option.when],
        takers.join(', '),
        descriptionOf(option),
      ]
      return `| ${cells.join(' | ')} |`
    })
  return `# Options

Set with \`kernel.setOption(fd, OPTION, value)\`. A value is validated before anything crosses to the worker; the error
names the option, the place in the value and what was expected there. A connection reads its listener's values.

| number | name | value | default | set | modes | |
|---|---|---|---|---|---|---|
${rows.join('\n')}
`
}

const WHEN = { always: 'any time', 'before-bind': 'before bind', 'read-only': 'read only' } as const

function typeOf({ schema }: OptionDefinition): string {
  return cell(shape(schema))
}

function shape(schema: any): string {
  if (schema.enum) return schema.enum.map((value: unknown) => `\`${value}\``).join(' or ')
  if (schema.isFunction) return 'function'
  if (schema.anyOf) return [...new Set(schema.anyOf.map(shape))].join(' or ')
  const range = schema.minimum === undefined ? '' : `, ${schema.minimum} to ${schema.maximum}`
  if (schema.type === 'array') return `list of ${schema.items ? shape(schema.items) : 'anything'}`
  if (schema.type === 'object') {
    const keys = Object.keys(schema.properties ?? {})
    return keys.length > 0 ? `{ ${keys.join(', ')} }` : 'mapping'
  }
  return `${schema.type ?? 'anything'}${range}`
}

function defaultOf(option: OptionDefinition): string {
  return option.default === undefined ? '' : `\`${JSON.stringify(option.default)}\``
}

function descriptionOf({ schema, secret, journal }: OptionDefinition): string {
  const notes = [
    (schema.description as string | undefined) ?? '',
    secret ? "Reads back `'[redacted]'`." : '',
    journal === 'append' ? 'Each value adds to the others.' : '',
  ]
  return cell(notes.filter(Boolean).join(' '))
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { errno, category, message, retryable }]) =>
      `| \`${code}\` | ${errno} | ${category} | ${retryable ? 'yes' : 'no'} | ${message} |`,
  )
  return `# Errors

Every error of the kernel and its plugins is a \`SocketError\`: \`{ code, errno, category, retryable, fd, op, message, cause }\`.
\`errno\` is FluffOS's \`socket_error\` number, the nearest one where FluffOS has none. A system error keeps its own code
(\`EHOSTUNREACH\`), also where it is not in this table. \`isSocketError(value)\` recognises one of any copy of the package.

| code | errno | category | retryable | |
|---|---|---|---|---|
${rows.join('\n')}

HTTP errors are problem documents (RFC 9457).
`
}
