/** Swagger UI as a visitor uses it. */
import type { Locator, Page } from 'playwright-core'

export interface Executed {
  status: number
  body: any
}

/** One operation of the page. */
export class Operation {
  readonly #block: Locator

  constructor(page: Page, tag: string, operationId: string) {
    this.#block = page.locator(`#operations-${tag}-${operationId}`)
  }

  /** Expands it, fills it in, and sends it; what the page shows of the answer. */
  async execute({
    parameters = {},
    body,
  }: {
    parameters?: Record<string, string>
    body?: unknown
  } = {}): Promise<Executed> {
    const block = this.#block
    await block.locator('.opblock-summary-control').click()
    await block.getByRole('button', { name: 'Try it out' }).click()
    for (const [name, value] of Object.entries(parameters))
      await block.locator(`tr[data-param-name="${name}"] input`).fill(value)
    if (body !== undefined) await block.locator('textarea.body-param__text').fill(JSON.stringify(body))
    await block.getByRole('button', { name: 'Execute' }).click()
    const answer = block.locator('.live-responses-table tr.response').first()
    return {
      status: Number(await answer.locator('.response-col_status').textContent()),
      body: JSON.parse((await answer.locator('.highlight-code code').first().textContent())!),
    }
  }
}

/** Gives the page a bearer token for all further calls. */
export async function authorize(page: Page, token: string): Promise<void> {
  await page.locator('.auth-wrapper').getByRole('button', { name: 'Authorize' }).click()
  const dialog = page.locator('.auth-container')
  await dialog.getByLabel('auth-bearer-value').fill(token)
  await dialog.getByRole('button', { name: 'Apply credentials' }).click()
  await dialog.getByRole('button', { name: 'Close' }).click()
}
