/**
 * Text for a terminal: colours, and lines no wider than the window.
 * @module
 */
import type { Paint, Style } from '../play/text.ts'

const COMBINING = /\p{M}/u
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
/** A colour, which takes no room, or one character. */
const UNIT = /\p{Cc}\[[\d;]*m|./gsu

/** Parameters of SGR (ECMA-48). */
const STYLES: Readonly<Record<Style, string>> = {
  title: '1;36',
  exits: '32',
  people: '33',
  speech: '1',
  hint: '2',
}

export const coloured: Paint = (style, text) => `\u001b[${STYLES[style]}m${text}\u001b[0m`

/** Breaks lines between words, and words that are wider than a line. */
export function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .map(line => wrapLine(line, width))
    .join('\n')
}

function wrapLine(line: string, width: number): string {
  const lines: string[] = []
  let current: string | undefined
  let used = 0
  for (const word of line.split(' ')) {
    for (const [index, piece] of pieces(word, width).entries()) {
      const columns = columnsOf(piece)
      if (current === undefined) {
        current = piece
        used = columns
      } else if (index > 0 || used + 1 + columns > width) {
        lines.push(current)
        current = piece
        used = columns
      } else {
        current += ` ${piece}`
        used += 1 + columns
      }
    }
  }
  return [...lines, current ?? ''].join('\n')
}

function pieces(word: string, width: number): string[] {
  if (columnsOf(word) <= width) return [word]
  const parts: string[] = []
  let part = ''
  let used = 0
  for (const [unit] of word.matchAll(UNIT)) {
    const columns = columnsOf(unit)
    if (used + columns > width) {
      parts.push(part)
      part = ''
      used = 0
    }
    part += unit
    used += columns
  }
  return [...parts, part]
}

function columnsOf(text: string): number {
  let columns = 0
  for (const [unit] of text.matchAll(UNIT)) {
    if (unit.startsWith('\u001b') || COMBINING.test(unit)) continue
    columns += WIDE.test(unit) ? 2 : 1
  }
  return columns
}
