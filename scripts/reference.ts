/**
 * The pages of the manual that are written from the code: options, errors, and the codes of Hydrogen messaging.
 */
import { ERRORS } from '../packages/kernel/src/errors.ts'
import type { OptionDefinition } from '../packages/kernel/src/plugin/option.ts'
import type { PluginDefinition } from '../packages/kernel/src/plugin/plugin.ts'
import { CLOSE, type CloseName, mayReconnect } from '../packages/plugin-ws/src/hydrogen/close-codes.ts'
import { HYDROGEN_ERRORS, type HydrogenErrorCode } from '../packages/plugin-ws/src/hydrogen/errors.ts'

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

/** The columns of a row of HYDROGEN_ERRORS, whichever it is. */
type HydrogenRow = Partial<Record<'original' | 'close', string | number>> & {
  readonly category: string
  readonly message: string
  readonly retryable: boolean
}

const HYDROGEN_ROWS = Object.entries(HYDROGEN_ERRORS) as [HydrogenErrorCode, HydrogenRow][]

export function hydrogenCodesPage(): string {
  const closes = Object.entries(CLOSE).map(([name, { code, reason }]) => {
    const errors = HYDROGEN_ROWS.filter(([, { close }]) => close === name).map(([error]) => `\`${error}\``)
    return `| ${code} | ${reason} | ${mayReconnect(code) ? 'comes back' : 'stays away'} | ${errors.join(', ')} |`
  })
  const errors = HYDROGEN_ROWS.map(([reason, { original, category, message, retryable, close }]) => {
    const cells = [
      `\`${reason}\``,
      original === undefined ? '' : `\`${original}\``,
      category,
      retryable ? 'yes' : 'no',
      close === undefined ? '' : CLOSE[close as CloseName].code,
      message,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return `# Close codes and errors of Hydrogen messaging

[Hydrogen messaging](hydrogen.md) is told there.

## Close codes

Whether a client comes back is read off the number: it does after 3000-3499 and 4000-4499, and not after 3500-3999 and
4500-4999. The codes below 3000 are the WebSocket protocol's (RFC 6455 section 7.4.1). A handshake that is refused has [an HTTP
status](websocket.md#refused-handshakes) instead.

| code | reason | the client | errors that close so |
|---|---|---|---|
${closes.join('\n')}

## Errors

The \`error\` of a response is \`{ code, reason, message, category, retryable, field?, retryAfter?, details? }\`. \`reason\` is the
row of this table, \`code\` what the original Hydrogen calls it, and the same as \`reason\` where that has no name for it.
\`retryable\` says whether the same message may succeed later, \`retryAfter\` after how many milliseconds.

| reason | code | category | retryable | closes with | |
|---|---|---|---|---|---|
${errors.join('\n')}
`
}
