const TURNS = 100

/** Waits until a condition on events holds. Asked once a loop turn, and each millisecond where it takes longer. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++)
    await new Promise(resolve => (turn < TURNS ? setImmediate(resolve) : setTimeout(resolve, 1)))
}
