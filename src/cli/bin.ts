#!/usr/bin/env node
import { main } from "./program.js";

// A reader that closes the pipe early (`nearmiss search … | head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.exitCode = await main(process.argv.slice(2), { out: process.stdout, err: process.stderr });
