/**
 * What a player can type.
 * @module
 */
import { describePlayers } from './scenery.ts'
import type { Session } from './session.ts'

interface Command {
  readonly words: readonly string[]
  readonly help: string
  run(session: Session, argument: string): void
}

const MAX_LENGTH = 400

const SAY: Command = {
  words: ['say'],
  help: "speak to those around you; ' is short for it",
  run: ({ world, player, terminal }, text) => {
    if (text === '') terminal.print('What do you want to say?')
    else world.say(player, text)
  },
}

const COMMANDS: readonly Command[] = [
  { words: ['look', 'l'], help: 'what is around you', run: session => session.look() },
  SAY,
  {
    words: ['go'],
    help: 'walk through an exit; its name or n, s, e, w, u, d will do',
    run: (session, direction) => walk(session, directionOf(direction)),
  },
  {
    words: ['who'],
    help: 'who is in the realm',
    run: ({ world, terminal }) => terminal.print(describePlayers(world, terminal.paint)),
  },
  { words: ['help', '?'], help: 'this list', run: ({ terminal }) => terminal.print(help()) },
  { words: ['quit'], help: 'leave the realm', run: session => session.quit('Farewell.') },
]

const BY_WORD = new Map(COMMANDS.flatMap(command => command.words.map(word => [word, command] as const)))

const DIRECTIONS = new Map([
  ['n', 'north'],
  ['s', 'south'],
  ['e', 'east'],
  ['w', 'west'],
  ['u', 'up'],
  ['d', 'down'],
])
const DIRECTION_NAMES = new Set(DIRECTIONS.values())

export function runCommand(session: Session, line: string): void {
  const { terminal } = session
  if (line.length > MAX_LENGTH) return terminal.print(`${MAX_LENGTH} characters at a time are enough.`)
  if (line === '') return terminal.print('')
  if (line.startsWith("'")) return SAY.run(session, line.slice(1).trim())
  const space = line.indexOf(' ')
  const end = space < 0 ? line.length : space
  const word = line.slice(0, end).toLowerCase()
  const command = BY_WORD.get(word)
  if (command) return command.run(session, line.slice(end).trim())
  const direction = directionOf(word)
  if (session.exits.includes(direction) || DIRECTION_NAMES.has(direction)) return walk(session, direction)
  terminal.print(`There is no "${word}" here. Type help for what you can do.`)
}

function directionOf(word: string): string {
  return DIRECTIONS.get(word.toLowerCase()) ?? word
}

function walk({ world, player, terminal }: Session, direction: string): void {
  if (direction === '') terminal.print('Which way?')
  else if (!world.move(player, direction)) terminal.print(`There is no way ${direction}.`)
}

function help(): string {
  return COMMANDS.map(({ words, help }) => `  ${words.join(', ').padEnd(8)} ${help}`).join('\n')
}
