/**
 * The server of the landing page.
 * @module
 */
import type { Kernel } from '@unisock/kernel'
import { HTTP_SERVER } from '@unisock/plugin-http'
import type { World } from '../world.ts'
import { landingPage, type Places } from './landing.ts'

const NOTHING = '<!doctype html><title>Not here</title><p>Not here.'

/** The page's URL. */
export async function openFront(kernel: Kernel, world: World, places: Places, port: number): Promise<string> {
  const page = kernel.create(HTTP_SERVER, (fd, request) => {
    const found = request.path === '/'
    kernel.write(fd, {
      status: found ? 200 : 404,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: found ? landingPage(world, places) : NOTHING,
    })
  })
  const address = await kernel.bind(page, port)
  await kernel.listen(page)
  return `http://127.0.0.1:${address.port}/`
}
