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

/** Letters, with marks, apostrophes and hyphens inside. */
const NAME = /^\p{L}[\p{L}\p{M}'-]{1,19}$/u

/** Whether a player may be called so. */
export function isName(text: string): boolean {
  return NAME.test(text)
}

export type Style = 'title' | 'exits' | 'people' | 'speech' | 'hint'

export type Paint = (style: Style, text: string) => string

export const plain: Paint = (_style, text) => text
