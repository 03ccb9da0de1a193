/**
 * Options of modes 40-44: 140-149, 156-159 and 180-185.
 * @module
 */
import { isAbsolute } from 'node:path'
import { boolean, defineOption, integer, type Schema, type } from '@unisock/kernel/plugin'
import { checkEnvironment } from './program/environment.ts'

const family = 'external'
const PROGRAMS = [40, 41]
const FIFO = 42
const EVENTFD = [43]
const INOTIFY = [44]

/** No NUL, which ends what the system is given. */
const line: Schema = { type: 'string', minLength: 1, maxLength: 4096, pattern: '^[^\\0]*$' }
const account = (description: string): Schema => ({
  anyOf: [
    { type: 'string', minLength: 1, maxLength: 256 },
    { type: 'integer', minimum: 0, maximum: 2 ** 32 - 2 },
  ],
  description,
})
const seconds = (description: string): Schema => ({
  type: 'number',
  minimum: 0,
  maximum: 2_000_000,
  description,
})

function checkPath(path: string): void {
  if (!isAbsolute(path)) throw new Error(`'${path}' is no absolute path`)
  if (/\/\.{1,2}(\/|$)/.test(path)) throw new Error(`'${path}' has . or .. in it`)
}

export const EXTERNAL_COMMAND = defineOption({
  number: 140,
  name: 'EXTERNAL_COMMAND',
  family,
  modes: PROGRAMS,
  schema: { ...line, description: 'The program, by its absolute path; one of external({ commands }).' },
  value: type<string>(),
  check: checkPath,
  when: 'before-bind',
})
export const EXTERNAL_ARGS = defineOption({
  number: 141,
  name: 'EXTERNAL_ARGS',
  family,
  modes: PROGRAMS,
  schema: {
    type: 'array',
    maxItems: 4096,
    items: { type: 'string', maxLength: 131_000, pattern: '^[^\\0]*$' },
    description: "The program's arguments, as they are: no shell reads them.",
  },
  value: type<readonly string[]>(),
  when: 'before-bind',
  default: [],
})
export const EXTERNAL_ENV = defineOption({
  number: 142,
  name: 'EXTERNAL_ENV',
  family,
  modes: PROGRAMS,
  schema: {
    type: 'object',
    additionalProperties: { type: 'string', maxLength: 131_000, pattern: '^[^\\0]*$' },
    description:
      'The whole environment of the program: nothing is inherited. What loads code into it (LD_*, NODE_OPTIONS …) is refused.',
  },
  value: type<Readonly<Record<string, string>>>(),
  check: checkEnvironment,
  when: 'before-bind',
  default: {},
})
export const EXTERNAL_WATCH_PATH = defineOption({
  number: 143,
  name: 'EXTERNAL_WATCH_PATH',
  family,
  modes: INOTIFY,
  schema: { ...line, description: 'The directory or file to watch, where bind does not name one.' },
  value: type<string>(),
  check: checkPath,
  when: 'before-bind',
})
export const EXTERNAL_WORKING_DIR = defineOption({
  number: 144,
  name: 'EXTERNAL_WORKING_DIR',
  family,
  modes: PROGRAMS,
  schema: {
    ...line,
    description: 'Where the program runs; below one of external({ paths }). Without it in /.',
  },
  value: type<string>(),
  check: checkPath,
  when: 'before-bind',
})
export const EXTERNAL_USER = defineOption({
  number: 145,
  name: 'EXTERNAL_USER',
  family,
  modes: PROGRAMS,
  schema: account('The user that the program runs as, by name or number. Needs the right to change it.'),
  value: type<string | number>(),
  when: 'before-bind',
})
export const EXTERNAL_GROUP = defineOption({
  number: 146,
  name: 'EXTERNAL_GROUP',
  family,
  modes: PROGRAMS,
  schema: account("The group that the program runs as, by name or number. Without it the user's own."),
  value: type<string | number>(),
  when: 'before-bind',
})
export const EXTERNAL_TIMEOUT = defineOption({
  number: 147,
  name: 'EXTERNAL_TIMEOUT',
  family,
  modes: [...PROGRAMS, FIFO],
  schema: seconds(
    'Seconds after which a program is ended with all its processes, or a pipe is no longer waited for. 0: never.',
  ),
  value: type<number>(),
  when: 'before-bind',
  default: 0,
})
export const EXTERNAL_BUFFER_SIZE = defineOption({
  number: 148,
  name: 'EXTERNAL_BUFFER_SIZE',
  family,
  modes: [...PROGRAMS, FIFO],
  schema: integer(
    "Bytes that the system holds of what is written to the program, or that the named pipe holds. Without it the system's own.",
    4096,
    2 ** 30,
  ),
  value: type<number>(),
  when: 'before-bind',
})
export const EXTERNAL_ASYNC = defineOption({
  number: 149,
  name: 'EXTERNAL_ASYNC',
  family,
  modes: PROGRAMS,
  schema: boolean(
    'bind and connect resolve once the program runs; without it when it has ended, having read nothing.',
  ),
  value: type<boolean>(),
  when: 'before-bind',
  default: true,
})
export const EXTERNAL_CPU_LIMIT = defineOption({
  number: 156,
  name: 'EXTERNAL_CPU_LIMIT',
  family,
  modes: PROGRAMS,
  schema: integer('Seconds of processor time of each of its processes (RLIMIT_CPU).', 1, 2 ** 31),
  value: type<number>(),
  when: 'before-bind',
})
export const EXTERNAL_MEMORY_LIMIT = defineOption({
  number: 157,
  name: 'EXTERNAL_MEMORY_LIMIT',
  family,
  modes: PROGRAMS,
  schema: integer('Bytes of address space of each of its processes (RLIMIT_AS).', 2 ** 20, 2 ** 48),
  value: type<number>(),
  when: 'before-bind',
})
export const EXTERNAL_FILE_LIMIT = defineOption({
  number: 158,
  name: 'EXTERNAL_FILE_LIMIT',
  family,
  modes: PROGRAMS,
  schema: integer('Files that each of its processes may have open (RLIMIT_NOFILE).', 8, 2 ** 20),
  value: type<number>(),
  when: 'before-bind',
})
export const EXTERNAL_PROCESS_LIMIT = defineOption({
  number: 159,
  name: 'EXTERNAL_PROCESS_LIMIT',
  family,
  modes: PROGRAMS,
  schema: integer('Processes that its user may have in all (RLIMIT_NPROC); root may have any.', 1, 2 ** 22),
  value: type<number>(),
  when: 'before-bind',
})
export const EXTERNAL_WATCH_RECURSIVE = defineOption({
  number: 180,
  name: 'EXTERNAL_WATCH_RECURSIVE',
  family,
  modes: INOTIFY,
  schema: boolean('Directories below the watched one are watched too, also those that are made later.'),
  value: type<boolean>(),
  when: 'before-bind',
  default: false,
})
export const EXTERNAL_WATCH_GLOBS = defineOption({
  number: 181,
  name: 'EXTERNAL_WATCH_GLOBS',
  family,
  modes: INOTIFY,
  schema: {
    type: 'array',
    maxItems: 256,
    items: line,
    description:
      'Patterns of the files to tell of, by their path below the watched directory, or by their name where there is no / in it; one that begins with ! leaves files out.',
  },
  value: type<readonly string[]>(),
  default: [],
})
export const EXTERNAL_WATCH_DEBOUNCE = defineOption({
  number: 182,
  name: 'EXTERNAL_WATCH_DEBOUNCE',
  family,
  modes: INOTIFY,
  schema: integer(
    'Milliseconds without a change after which the changes of a file are told, as one.',
    0,
    600_000,
  ),
  value: type<number>(),
  default: 0,
})
export const EXTERNAL_EVENTFD_SEMAPHORE = defineOption({
  number: 183,
  name: 'EXTERNAL_EVENTFD_SEMAPHORE',
  family,
  modes: EVENTFD,
  schema: boolean('A count of n is told as n signals of 1.'),
  value: type<boolean>(),
  when: 'before-bind',
  default: false,
})
export const EXTERNAL_KILL_GRACE = defineOption({
  number: 184,
  name: 'EXTERNAL_KILL_GRACE',
  family,
  modes: PROGRAMS,
  schema: seconds(
    'Seconds that a program has to end: from the end of its input to SIGTERM, and from SIGTERM to SIGKILL.',
  ),
  value: type<number>(),
  when: 'before-bind',
  default: 2,
})
export const EXTERNAL_INHERIT = defineOption({
  number: 185,
  name: 'EXTERNAL_INHERIT',
  family,
  modes: PROGRAMS,
  schema: {
    type: 'array',
    maxItems: 64,
    items: { type: 'integer', minimum: 0 },
    description: 'fds of mode EXTERNAL_EVENTFD that the program has as its descriptors 3, 4 and so on.',
  },
  value: type<readonly number[]>(),
  when: 'before-bind',
  default: [],
})
