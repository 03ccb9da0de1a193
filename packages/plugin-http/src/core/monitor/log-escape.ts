/**
 * Text from the network as it may stand in a line of a log.
 * @module
 */

/** How C writes them. */
const NAMED: Readonly<Record<number, string>> = {
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
}

function isPlain(code: number): boolean {
  return code >= 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c
}

/** As Apache does: quotes and backslashes with a backslash, other bytes than printable ASCII by their number. */
export function escapeLog(text: string): string {
  let at = 0
  while (at < text.length && isPlain(text.charCodeAt(at))) at++
  return at === text.length ? text : text.slice(0, at) + escaped(text.slice(at))
}

function escaped(text: string): string {
  let line = ''
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (isPlain(code)) line += text[i]
    else if (code > 0xff) {
      // What was decoded already is bytes again.
      return line + escaped(Buffer.from(text.slice(i), 'utf8').toString('latin1'))
    } else line += NAMED[code] ?? `\\x${code.toString(16).padStart(2, '0')}`
  }
  return line
}
