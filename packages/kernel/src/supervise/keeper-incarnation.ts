/**
 * One life of a keeper: the kernel asks and stops it, workers speak to it past the kernel.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { KeeperInspection, KeeperStartOptions } from '../keeper/control.ts'
import type { LaunchOptions } from '../launch/launched.ts'
import type { Isolation } from '../plugin/plugin.ts'
import { Incarnation, type IncarnationHandlers } from './incarnation.ts'

export class KeeperIncarnation extends Incarnation<KeeperStartOptions, KeeperInspection> {
  constructor(isolation: Isolation, options: LaunchOptions, handlers: IncarnationHandlers) {
    super(isolation, options, handlers)
    this.transport.data.onMessage(() =>
      handlers.broken(new SocketError('EPROTO', 'a keeper has no fds to speak of')),
    )
  }
}
