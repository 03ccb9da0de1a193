/** What kernels launch while a test watches, to be killed by it. */
import { vi } from 'vitest'
import type { Isolation } from '../../src/index.ts'
import { LAUNCHERS } from '../../src/launch/launch.ts'
import type { Launch, LaunchOptions } from '../../src/launch/launched.ts'
import { ISOLATIONS } from './resources.ts'

export function watchLaunches() {
  const lives: { entry: LaunchOptions['entry']; kill: () => void; exited: Promise<unknown> }[] = []
  const launchers = LAUNCHERS as Record<Isolation, Launch>
  const spies = ISOLATIONS.map(isolation => {
    const launch = launchers[isolation]
    return vi.spyOn(launchers, isolation).mockImplementation(options => {
      const launched = launch(options)
      lives.push({ entry: options.entry, kill: launched.kill, exited: launched.exited })
      return launched
    })
  })
  return {
    /** Ends the newest without a goodbye; resolves when it is gone. */
    async kill(entry: LaunchOptions['entry']): Promise<void> {
      const life = lives.findLast(each => each.entry === entry)!
      life.kill()
      await life.exited
    },
    [Symbol.dispose]() {
      for (const spy of spies) spy.mockRestore()
    },
  }
}
