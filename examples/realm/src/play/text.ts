/**
 * Text that players see: what may be shown of what others wrote, and what a part of it is.
 * @module
 */
import { stripVTControlCharacters } from 'node:util'

/** Controls, line separators, and what turns the direction of the text behind it around. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu

/** Without whatever would move a cursor, change a terminal or end a line. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(UNPRINTABLE, '')
}

export type Style = 'title' | 'exits' | 'people' | 'speech' | 'hint'

export type Paint = (style: Style, text: string) => string

export const plain: Paint = (_style, text) => text
