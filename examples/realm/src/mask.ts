/**
 * `mask WORD…`: copies standard input to standard output line by line, with those words masked. The realm runs it as its
 * text filter.
 * @module
 */
import { createInterface } from 'node:readline'

const words = process.argv.slice(2).join('|')
const pattern = new RegExp(`(?<!\\p{L})(?:${words})(?!\\p{L})`, 'giu')

createInterface({ input: process.stdin }).on('line', line => {
  process.stdout.write(`${line.replace(pattern, word => '*'.repeat(word.length))}\n`)
})
