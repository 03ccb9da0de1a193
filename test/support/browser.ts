/** A browser with a page, and what left it and went wrong in it. */
import { chromium, type Page } from 'playwright-core'

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Visit extends AsyncDisposable {
  readonly page: Page
  /** The origins that were asked for anything, in the order first asked. */
  readonly origins: Set<string>
  /** Errors of scripts, and what the console was told as one. */
  readonly errors: string[]
}

export async function openBrowser(executablePath: string): Promise<Visit> {
  const browser = await chromium.launch({ executablePath, args: ARGUMENTS })
  const context = await browser.newContext()
  const page = await context.newPage()
  const origins = new Set<string>()
  const errors: string[] = []
  context.on('request', request => {
    const { protocol, origin } = new URL(request.url())
    if (protocol !== 'data:' && protocol !== 'blob:') origins.add(origin)
  })
  context.on('console', message => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', error => errors.push(error.message))
  return { page, origins, errors, [Symbol.asyncDispose]: () => browser.close() }
}
