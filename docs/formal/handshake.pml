/*
 * The handshake of docs/protocols/handshake.md (packets 0x01 to 0x03; XXhfs and XX) against an attacker who owns the network:
 * Dolev and Yao, over some sessions of one agent and of one server. For spin 6; handshake.md beside this file says how it
 * is run, what is asserted and what is left out.
 *
 * Cryptography is symbolic. A message that is sealed opens only for whoever has the same transcript and the same secrets, so
 * "it opens" is "both sides hold the same values". The attacker seals what he likes where he knows the secrets of the key:
 *   ee = DH(ei, er)     he knows it where one of the two ephemeral keys is his
 *   es = DH(ei, server) he knows it where ei is his, or the secret of the static key of that server
 *   se = DH(agent, er)  he knows it where er is his, or the secret of the static key of that agent
 *   kem                 he knows it where the KEM key is his, or he made the ciphertext
 *
 * Switches that weaken the protocol, each of which makes an assertion fail (the model can fail):
 *   -DNO_PROLOGUE   the clear bodies are not bound into the transcript
 *   -DNO_SE         message 3 does not prove the static key of the agent
 *   -DNO_PIN        the agent takes whatever static key the server proves
 */
#ifdef NO_PROLOGUE
#define BOUND(what) true
#else
#define BOUND(what) (what)
#endif

#define AGENTS 2   /* sessions of the agent */
#define SERVERS 2  /* sessions of the server */

#define HYBRID 1
#define CLASSICAL 2
#define BOTH 3     /* what the agent offers: hybrid first */

/* Owners of static keys. */
#define A 1
#define S 2
#define M 3

/* Ephemeral and KEM keys by their owner: agent session i has i, server session j has 10 + j, the attacker has EM. */
#define EM 99

typedef Hello { byte e; byte k; byte offer }          /* 0x01: what of it the receiver saw */
typedef Answer { bit sent; byte ei; byte k; byte offer; byte choice; byte er }
typedef Finish { bit sent; byte ei; byte k; byte offer; byte choice; byte er; byte rs }
typedef Ending { bit done; byte ei; byte k; byte offer; byte choice; byte er; byte peer; bit kemByAttacker }

Answer answers[SERVERS];   /* honest 0x02, as the server made them: its static key is S */
Finish finishes[AGENTS];   /* honest 0x03, as the agent made them: its static key is A */
Ending agents[AGENTS];     /* how agent sessions ended */
Ending servers[SERVERS];   /* how server sessions ended */
bit started[AGENTS];       /* 0x01 was sent: from now on the attacker has it */

bit agentStolen;           /* the attacker has the static secret of the agent, from the beginning */
bit serverStolen;          /* ... of the server */

/* ---- what holds of a session that ended well ------------------------------------------------------------------------- */

/* The agent is done with S: S answered exactly what this session sent, and nobody else has the key. */
inline checkAgent(i) {
  if
  :: agents[i].peer == S && !serverStolen ->
       assert(agents[i].er >= 10 && agents[i].er < 10 + SERVERS);          /* S is there (authentication of the server) */
       assert(answers[agents[i].er - 10].ei == agents[i].ei);              /* it answered this session */
       assert(answers[agents[i].er - 10].offer == BOTH);                   /* it saw the whole offer (agreement) */
       assert(answers[agents[i].er - 10].choice == agents[i].choice);
       assert(answers[agents[i].er - 10].k == agents[i].k);
       assert(agents[i].choice == HYBRID);                                 /* so the better suite was chosen (no downgrade) */
       assert(!agents[i].kemByAttacker)                                    /* and the KEM secret is between the two */
  :: else -> skip
  fi;
  /* Forward secrecy: with all static secrets, now or later, ee is missing. */
  assert(!(agents[i].peer == S && !serverStolen && agents[i].er == EM))
}

/* The server is done with A: a session of A finished with exactly these values, and with S. */
inline checkServer(j) {
  if
  :: servers[j].peer == A && !agentStolen ->
       assert(servers[j].ei < AGENTS);                                     /* A is there (authentication of the agent) */
       assert(finishes[servers[j].ei].sent);
       assert(finishes[servers[j].ei].er == 10 + j);                       /* it finished with this session of S (agreement) */
       assert(finishes[servers[j].ei].rs == S);
       assert(finishes[servers[j].ei].choice == servers[j].choice);
       assert(servers[j].offer == BOTH);
       assert(servers[j].choice == HYBRID);
       assert(servers[j].k == servers[j].ei)                               /* the KEM key is that of the agent */
  :: else -> skip
  fi;
  /* Forward secrecy, as above. */
  assert(!(servers[j].peer == A && !agentStolen && servers[j].ei == EM))
}

/* ---- the two sides ---------------------------------------------------------------------------------------------------- */

proctype Agent(byte i) {
  byte j, choice;
  Ending my;
  my.ei = i; my.k = i; my.offer = BOTH;
  atomic { started[i] = 1 }
  /* 0x02: one that the server made, perhaps for another request, with a header that may be edited; or one of the attacker. */
  atomic {
    select(j : 0 .. SERVERS);
    select(choice : HYBRID .. CLASSICAL);
    if
    :: j < SERVERS && answers[j].sent && answers[j].ei == my.ei && answers[j].choice == choice &&
       BOUND(answers[j].offer == my.offer && answers[j].k == my.k) ->
         my.er = 10 + j; my.choice = choice; my.peer = S
    :: j == SERVERS ->
         /* He knows ee by his own er; es only of his own static key, or of a stolen one. */
         my.er = EM; my.choice = choice; my.kemByAttacker = 1;
         if
         :: my.peer = M
         :: serverStolen -> my.peer = S
         fi
    :: else -> goto refused
    fi;
#ifndef NO_PIN
    if
    :: my.peer != S -> goto refused
    :: else -> skip
    fi;
#endif
    finishes[i].sent = 1; finishes[i].ei = i; finishes[i].k = i; finishes[i].offer = BOTH;
    finishes[i].choice = my.choice; finishes[i].er = my.er; finishes[i].rs = my.peer;
    agents[i].done = 1; agents[i].ei = i; agents[i].k = i; agents[i].offer = BOTH;
    agents[i].choice = my.choice; agents[i].er = my.er; agents[i].peer = my.peer;
    agents[i].kemByAttacker = my.kemByAttacker;
#ifdef NO_PIN
    /* What the user believes: this is S. */
    assert(serverStolen || agents[i].peer == S);
#endif
    checkAgent(i)
  }
refused: skip
}

proctype Server(byte j) {
  byte i;
  Hello seen;
  Ending my;
  /* 0x01: every field may be edited; whose key it is stays what it is. */
  atomic {
    select(i : 0 .. AGENTS);
    if
    :: i < AGENTS && started[i] -> seen.e = i
    :: i == AGENTS -> seen.e = EM
    :: else -> goto refused
    fi;
    if
    :: seen.e != EM -> seen.k = seen.e
    :: seen.k = EM
    fi;
    select(i : HYBRID .. BOTH);
    seen.offer = i;
    my.choice = (seen.offer & HYBRID -> HYBRID : CLASSICAL);
    answers[j].ei = seen.e; answers[j].k = seen.k; answers[j].offer = seen.offer;
    answers[j].choice = my.choice; answers[j].er = 10 + j; answers[j].sent = 1
  }
  /* 0x03: one that the agent made, or one of the attacker. */
  atomic {
    select(i : 0 .. AGENTS);
    if
    :: i < AGENTS && finishes[i].sent && finishes[i].ei == seen.e && finishes[i].er == 10 + j && finishes[i].rs == S &&
       finishes[i].choice == my.choice && BOUND(finishes[i].offer == seen.offer && finishes[i].k == seen.k) ->
         my.peer = A
    :: i == AGENTS && seen.e == EM ->
         /* ee and es he knows by his own ei; se only of his own static key, or of a stolen one. */
         if
         :: my.peer = M
         :: agentStolen -> my.peer = A
#ifdef NO_SE
         :: my.peer = A
#endif
         fi
    :: else -> goto refused
    fi;
    servers[j].done = 1; servers[j].ei = seen.e; servers[j].k = seen.k; servers[j].offer = seen.offer;
    servers[j].choice = my.choice; servers[j].er = 10 + j; servers[j].peer = my.peer;
    checkServer(j)
  }
refused: skip
}

init {
  byte n;
  atomic {
    /* Key compromise impersonation: either secret may be the attacker's while the other side still has to be right. */
    if :: agentStolen = 0 :: agentStolen = 1 fi;
    if :: serverStolen = 0 :: serverStolen = 1 fi;
    for (n : 0 .. AGENTS - 1) { run Agent(n) }
    for (n : 0 .. SERVERS - 1) { run Server(n) }
  }
}

/* A handshake of two honest sides can come to its end: `spin -DREACH` must find a counterexample to this. */
#ifdef REACH
ltl never_done { [] !(agents[0].done && servers[0].done && servers[0].peer == A && agents[0].peer == S) }
#endif
