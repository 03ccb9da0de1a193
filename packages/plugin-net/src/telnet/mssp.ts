/**
 * MUD server status protocol: what crawlers list.
 * @module
 */

const VAR = 1
const VAL = 2

export type MsspValue = string | number | boolean

/** `NAME`, `PLAYERS`, `UPTIME` …; an array is sent as several values. */
export type MsspValues = Readonly<Record<string, MsspValue | readonly MsspValue[]>>

/** Booleans are sent as 1 and 0. The bytes NUL, 1 and 2 have no escape and are left out. */
export function encodeMssp(values: MsspValues): Buffer {
  let text = ''
  for (const [name, value] of Object.entries(values)) {
    text += `\x01${withoutMarks(name)}`
    if (Array.isArray(value)) for (const item of value) text += formatValue(item)
    else text += formatValue(value as MsspValue)
  }
  return Buffer.from(text)
}

function formatValue(value: MsspValue): string {
  return `\x02${withoutMarks(typeof value === 'boolean' ? String(Number(value)) : String(value))}`
}

function withoutMarks(text: string): string {
  return text.replaceAll('\0', '').replaceAll('\x01', '').replaceAll('\x02', '')
}

/** All values are text; an array where a variable has several. */
export function decodeMssp(payload: Buffer): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = Object.create(null)
  let name: string | undefined
  let at = 0
  while (at < payload.length) {
    const mark = payload[at++]
    const start = at
    while (at < payload.length && payload[at] !== VAR && payload[at] !== VAL) at++
    const text = payload.toString('utf8', start, at)
    if (mark === VAR) name = text
    else if (mark === VAL && name !== undefined) {
      const before = values[name]
      if (before === undefined) values[name] = text
      else if (typeof before === 'string') values[name] = [before, text]
      else before.push(text)
    }
  }
  return values
}
