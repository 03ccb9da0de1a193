/**
 * libc by koffi, where Node has no FFI of its own.
 * @module
 */
import type { Functions } from './system.ts'

/** What is used of koffi. */
interface Koffi {
  load(library: string | null): { func(prototype: string): (...args: unknown[]) => number }
  errno(): number
}

const PROTOTYPES: Readonly<Record<Exclude<keyof Functions, 'errno'>, string>> = {
  eventfd: 'int eventfd(unsigned int initial, int flags)',
  inotify_init1: 'int inotify_init1(int flags)',
  inotify_add_watch: 'int inotify_add_watch(int fd, const uint8_t *path, uint32_t mask)',
  inotify_rm_watch: 'int inotify_rm_watch(int fd, int watch)',
  mkfifo: 'int mkfifo(const uint8_t *path, unsigned int mode)',
  open: 'int open(const uint8_t *path, int flags)',
  pipe2: 'int pipe2(_Out_ uint8_t *pair, int flags)',
  fcntl: 'int fcntl(int fd, int command, int argument)',
  setsockopt: 'int setsockopt(int fd, int level, int name, const uint8_t *value, unsigned int length)',
  close: 'int close(int fd)',
}

/** @throws where it is not installed, not allowed, or not built for this system */
export async function koffiFunctions(): Promise<Functions> {
  const name = 'koffi'
  const { default: koffi } = (await import(name)) as { default: Koffi }
  const libc = koffi.load(null)
  const functions = Object.fromEntries(
    Object.entries(PROTOTYPES).map(([name, prototype]) => [name, libc.func(prototype)]),
  )
  return { ...functions, errno: () => koffi.errno() } as unknown as Functions
}
