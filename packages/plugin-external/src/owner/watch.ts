/**
 * Mode 44 in the owner's thread.
 * @module
 */
import { type OwnerHalf, SocketError } from '@unisock/kernel/plugin'

/**
 * `modified`: its content has changed, or another file took its place. `attrib`: its times, owner or rights have.
 * `overflow`: changes were lost; what differs by then is told next. `unmounted`: its file system is gone.
 */
export type WatchAction = 'created' | 'modified' | 'deleted' | 'moved' | 'attrib' | 'overflow' | 'unmounted'

export interface WatchMessage {
  readonly event_type: 'file'
  readonly action: WatchAction
  /** The path below the watched directory; the file's name where a file is watched. Empty: the watched one itself. */
  readonly filename: string
  readonly file_path: string
  /** It is a directory. */
  readonly directory: boolean
  /** Where `moved` took it from. */
  readonly old_filename?: string
  readonly old_path?: string
}

export type WatchWire = [
  action: WatchAction,
  filename: string,
  path: string,
  directory: boolean,
  oldFilename?: string,
  oldPath?: string,
]

export const watchOwner: OwnerHalf = {
  encode(): never {
    throw new SocketError('ENOTSUP', 'EXTERNAL_INOTIFY takes no writes', { op: 'write' })
  },
  receive([action, filename, file_path, directory, old_filename, old_path]: WatchWire): WatchMessage {
    const message = { event_type: 'file', action, filename, file_path, directory } as const
    return old_filename === undefined ? message : { ...message, old_filename, old_path: old_path! }
  },
}
