import { createServer } from "node:net";
import { Aedes } from "aedes";

// Aedes as it comes, the baseline of our broker: a process of its own that sends its port to its parent.
const aedes = await Aedes.createBroker();
const server = createServer(aedes.handle);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.(typeof address === "object" ? address?.port : undefined);
});
process.once("disconnect", () => process.exit());
