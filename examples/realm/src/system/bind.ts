/**
 * Binding what may be tried again.
 * @module
 */
import type { BindTarget, Fd, Kernel } from '@unisock/kernel'

/** What cannot be bound is closed. */
export async function bindOrClose(kernel: Kernel, fd: Fd<any>, at: BindTarget): Promise<void> {
  try {
    await kernel.bind(fd, at)
  } catch (error) {
    void kernel.close(fd)
    throw error
  }
}
