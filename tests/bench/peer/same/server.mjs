/**
 * A Node server that promises of its writes what this project promises of its own, in the way that
 * is usual with Express and pg: one awaited statement after another, in a transaction.
 *
 * A write never commits after its author's session ended or their role was taken away; its audit
 * event is committed with it, and a job's message to the room too, numbered. Reads look the session
 * up in a statement of their own, as middleware usually does. MODULES is the folder with
 * node_modules, the harness's.
 */

import { createSecretKey } from "node:crypto";
import { createRequire } from "node:module";
import * as sql from "./statements.mjs";

const { DATABASE_URL, JWT_SECRET, MODULES, PORT, REDIS_URL } = process.env;
const require = createRequire(`${MODULES}/`);
const argon2 = require("argon2");
const { Queue } = require("bullmq");
const express = require("express");
const helmet = require("helmet");
const jwt = require("jsonwebtoken");
const pg = require("pg");
const { z } = require("zod");

const KEY = createSecretKey(Buffer.from(JWT_SECRET));
const RANKS = ["viewer", "collaborator", "owner"];
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });
const queue = new Queue("jobs", {
  connection: { url: REDIS_URL },
  defaultJobOptions: {
    attempts: 5, backoff: { type: "exponential", delay: 200 }, removeOnComplete: true,
  },
});

class Refused extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

// What comes in.

const Id = z.uuid();
const Login = z.object({ email: z.email(), password: z.string().min(10).max(128) });
const Registration = Login.extend({ name: z.string().min(1).max(100) });
const Project = z.object({
  name: z.string().trim().min(1).max(200),
  description: z.string().max(4000).default(""),
});
const Changes = z.object({
  name: z.string().trim().min(1).max(200).optional(),
  description: z.string().max(4000).optional(),
});
const Member = z.object({ email: z.email(), role: z.enum(["viewer", "collaborator"]) });
const Job = z.object({
  project_id: Id,
  type: z.enum(["noop", "sleep", "flaky"]),
  payload: z.record(z.string(), z.json()).default({}),
});
const Page = z.object({ limit: z.coerce.number().int().min(1).max(100).default(20) });

// Who asks, and what they may do.

const signed = (req, res, next) => {
  try {
    const token = req.get("Authorization").replace("Bearer ", "");
    const { sub, sid } = jwt.verify(token, KEY, { algorithms: ["HS256"] });
    req.user = sub;
    req.session = sid;
  } catch {
    throw new Refused(401, "no valid token");
  }
  next();
};

const live = async (req, res, next) => {
  const { rows } = await pool.query(sql.session(req.session, req.user));
  if (!rows.length) throw new Refused(401, "this session is over");
  next();
};

/** Calls `work` in a transaction, for somebody who holds at least `least` until it commits. */
const write = async (req, least, standing, work) => {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const [found] = (await client.query(standing)).rows;
    if (!found) {
      const { rows } = await client.query(sql.session(req.session, req.user));
      throw rows.length ? new Refused(404, "not found") : new Refused(401, "this session is over");
    }
    if (RANKS.indexOf(found.role) < RANKS.indexOf(least)) throw new Refused(403, "forbidden");
    const result = await work(client, found);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
};

const record = (client, req, action, project, target) =>
  client.query(sql.insertEvent(project, {
    at: new Date(), action, actor_id: req.user, project_id: project, target_id: target,
    address: req.ip, user_agent: req.get("User-Agent"),
  }));

// Routes.

const app = express();
app.set("etag", false);
app.use(helmet(), express.json());
app.get("/health", (req, res) => res.json({}));

app.post("/auth/register", async (req, res) => {
  const { email, name, password } = Registration.parse(req.body);
  const { rows } = await pool.query(sql.register(email, name, await argon2.hash(password)));
  res.status(201).json(rows[0]);
});

app.post("/auth/login", async (req, res) => {
  const { email, password } = Login.parse(req.body);
  const [user] = (await pool.query(sql.userByEmail(email))).rows;
  if (!user || !(await argon2.verify(user.password_hash, password)))
    throw new Refused(401, "wrong address or password");
  const { rows } = await pool.query(sql.insertSession(user.id));
  const claims = { sub: user.id, sid: rows[0].id };
  res.json({ token: jwt.sign(claims, KEY, { algorithm: "HS256", expiresIn: "1h" }) });
});

app.post("/auth/logout", signed, async (req, res) => {
  await pool.query(sql.endSession(req.session));
  res.status(204).end();
});

app.get("/projects", signed, live, async (req, res) => {
  const { limit } = Page.parse(req.query);
  const { rows } = await pool.query(sql.projectsOf(req.user, limit));
  res.json({ items: rows });
});

app.post("/projects", signed, async (req, res) => {
  const { name, description } = Project.parse(req.body);
  const standing = sql.inWorkspace(req.session, req.user, req.user);
  const project = await write(req, "collaborator", standing, async (client, found) => {
    const { rows } = await client.query(sql.insertProject(found.id, name, description));
    await record(client, req, "project.created", rows[0].id, rows[0].id);
    return { ...rows[0], role: found.role };
  });
  res.status(201).json(project);
});

app.get("/projects/:id", signed, live, async (req, res) => {
  const { rows } = await pool.query(sql.projectOf(Id.parse(req.params.id), req.user));
  if (!rows.length) throw new Refused(404, "not found");
  res.json(rows[0]);
});

app.patch("/projects/:id", signed, async (req, res) => {
  const { name, description } = Changes.parse(req.body);
  const standing = sql.writingIn(req.session, req.user, Id.parse(req.params.id));
  const project = await write(req, "collaborator", standing, async (client, { id }) => {
    const { rows } = await client.query(sql.updateProject(id, name, description));
    await record(client, req, "project.updated", id, id);
    return rows[0];
  });
  res.json(project);
});

app.delete("/projects/:id", signed, async (req, res) => {
  const standing = sql.deleting(req.session, req.user, Id.parse(req.params.id));
  await write(req, "owner", standing, async (client, { id }) => {
    await client.query(sql.deleteProject(id));
    await record(client, req, "project.deleted", id, id);
  });
  res.status(204).end();
});

app.post("/projects/:id/members", signed, async (req, res) => {
  const { email, role } = Member.parse(req.body);
  const standing = sql.writingIn(req.session, req.user, Id.parse(req.params.id));
  const member = await write(req, "owner", standing, async (client, { id }) => {
    const { rows } = await client.query(sql.upsertMember(id, email, role));
    if (!rows.length) throw new Refused(404, "no such person");
    await record(client, req, "member.changed", id, rows[0].user_id);
    return rows[0];
  });
  res.status(201).json(member);
});

app.post("/jobs", signed, async (req, res) => {
  const { project_id, type, payload } = Job.parse(req.body);
  const standing = sql.writingIn(req.session, req.user, project_id);
  const job = await write(req, "collaborator", standing, async (client, { id }) => {
    const { rows } = await client.query(sql.insertJob(id, req.user, type, payload));
    await record(client, req, "job.submitted", id, rows[0].id);
    await client.query(sql.tellRoom(id, { type: "job-updated", at: new Date(), data: rows[0] }));
    return rows[0];
  });
  await queue.add(type, { id: job.id }, { jobId: job.id });
  res.status(202).location(`/jobs/${job.id}`).json(job);
});

app.get("/jobs/:id", signed, live, async (req, res) => {
  const { rows } = await pool.query(sql.jobOf(Id.parse(req.params.id), req.user));
  if (!rows.length) throw new Refused(404, "not found");
  res.json(rows[0]);
});

const TAKEN = "23505"; // what Postgres says of a second row where only one may be

app.use((error, req, res, next) => {
  const invalid = error instanceof z.ZodError;
  const status = invalid ? 422 : error.code === TAKEN ? 409 : (error.status ?? 500);
  if (status === 500) console.error(error);
  res.status(status).json({ error: status === 500 ? "internal" : error.message });
});

app.listen(PORT, "127.0.0.1");
