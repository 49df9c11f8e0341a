/** Takes every task and answers none. */

process.on('disconnect', () => process.exit())
process.on('message', () => undefined)
