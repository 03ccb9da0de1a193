/** The page to play on, as a player uses it. */
import type { Visit } from '../../../../test/support/browser.ts'

type Page = Visit['page']

/** Milliseconds. */
const PATIENCE = 20_000
const PASSWORD = 'a good password'

export class PlayPage {
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  /** Opens it and makes an account. */
  async create(url: string, name: string): Promise<void> {
    await this.#come(url, name, PASSWORD, 'Create an account')
  }

  async login(url: string, name: string, password = PASSWORD): Promise<void> {
    await this.#come(url, name, password, 'Enter')
  }

  async #come(url: string, name: string, password: string, button: string): Promise<void> {
    await this.#page.goto(url)
    await this.#page.getByLabel('Name').fill(name)
    await this.#page.getByLabel('Password').fill(password)
    await this.#page.getByRole('button', { name: button }).click()
    await this.#page.locator('#line-state.live').waitFor()
  }

  /** Types a line into the game, and presses Enter. */
  async type(line: string): Promise<void> {
    await this.#page.getByLabel('What do you do?').fill(line)
    await this.#page.keyboard.press('Enter')
  }

  async chat(text: string): Promise<void> {
    await this.#page.getByLabel('Say to everybody').fill(text)
    await this.#page.keyboard.press('Enter')
  }

  /** Resolves when a part of the page, found by its id, shows the text. */
  async sees(id: string, text: string | RegExp): Promise<void> {
    const part = this.#page.locator(`#${id}`)
    await part
      .filter({ hasText: text })
      .waitFor({ timeout: PATIENCE })
      .catch(async error => {
        throw new Error(`${id} does not show ${text}: ${await part.textContent()}`, { cause: error })
      })
  }

  async press(button: string): Promise<void> {
    await this.#page.getByRole('button', { name: button, exact: true }).click()
  }
}
