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
  run: ({ world, player, view }, text) => {
    if (text === '') view.print('What do you want to say?')
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
    words: ['chat'],
    help: 'speak to everybody in the realm',
    run: ({ world, player, view }, text) => {
      if (text === '') view.print('What do you want to tell everybody?')
      else world.chat(player, text)
    },
  },
  {
    words: ['who'],
    help: 'who is in the realm',
    run: ({ world, view }) => view.print(describePlayers(world, view.paint)),
  },
  { words: ['help', '?'], help: 'this list', run: ({ view }) => view.print(help()) },
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
  const { view } = session
  if (line.length > MAX_LENGTH) return view.print(`${MAX_LENGTH} characters at a time are enough.`)
  if (line === '') return view.print('')
  if (line.startsWith("'")) return SAY.run(session, line.slice(1).trim())
  const space = line.indexOf(' ')
  const end = space < 0 ? line.length : space
  const word = line.slice(0, end).toLowerCase()
  const command = BY_WORD.get(word)
  if (command) return command.run(session, line.slice(end).trim())
  const direction = directionOf(word)
  if (session.exits.includes(direction) || DIRECTION_NAMES.has(direction)) return walk(session, direction)
  view.print(`There is no "${word}" here. Type help for what you can do.`)
}

function directionOf(word: string): string {
  return DIRECTIONS.get(word.toLowerCase()) ?? word
}

function walk({ world, player, view }: Session, direction: string): void {
  if (direction === '') view.print('Which way?')
  else if (!world.move(player, direction)) view.print(`There is no way ${direction}.`)
}

function help(): string {
  return COMMANDS.map(({ words, help }) => `  ${words.join(', ').padEnd(8)} ${help}`).join('\n')
}
