/**
 * One life of a plugin worker: what names its fds goes by a link.
 * @module
 */
import type { LaunchOptions } from '../launch/launched.ts'
import type { FrameHandler } from '../link/frames.ts'
import { Link } from '../link/link.ts'
import type { Isolation } from '../plugin/plugin.ts'
import { WorkerChildren } from '../spawn/worker-children.ts'
import type { StartOptions, WorkerInspection } from '../worker/control.ts'
import { Incarnation, type IncarnationHandlers } from './incarnation.ts'

export class WorkerIncarnation extends Incarnation<StartOptions, WorkerInspection> {
  readonly link: Link
  readonly children = new WorkerChildren(order => this.order(order))

  constructor(
    isolation: Isolation,
    options: LaunchOptions,
    handlers: IncarnationHandlers,
    onFrame: FrameHandler,
  ) {
    super(isolation, options, handlers)
    this.link = new Link(this.transport.data, onFrame, handlers.broken)
  }

  /** Ends an fd past everything queued on the data port. */
  abort(fd: number): void {
    this.order({ kind: 'abort', fd })
  }

  override stop(deadline: number): Promise<void> {
    this.link.flush()
    return super.stop(deadline)
  }

  override drain(): void {
    this.link.drain()
    super.drain()
  }

  override release(): void {
    this.link.close()
    super.release()
  }
}
