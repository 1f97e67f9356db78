/*
 * The key update of docs/protocols/records.md §6 and handshake.md §9 (packets 0x06 to 0x08): both sides send as they like,
 * the agent updates when it likes, the server may ask for it, over a link that keeps the order and loses nothing (TCP; what
 * a cut or an attacker does to a record ends the connection, records.md §3). For spin 6; handshake.md beside this file says
 * how it is run.
 *
 * Shown: every record that is sent opens, in its order, under the key and the number that the receiver expects (no record is
 * dropped, doubled or unreadable at a change of keys); never more than one update at a time; nobody waits for ever.
 *
 * Switches that weaken the protocol, each of which makes an assertion fail (the model can fail):
 *   -DEARLY    the server seals its answer under the new key already
 *   -DTWO      the agent begins an update while another one runs
 *   -DNO_NEXT  the server does not take records of the next epoch
 */
#define EPOCHS 3   /* updates of one connection */
#define RECORDS 3  /* records of data that each side may send beside the others */
#define ROOM 3     /* records under way in one direction */

#ifdef TWO
#define MAY_UPDATE true
#else
#define MAY_UPDATE (!isUpdating)
#endif

mtype = { DATA, ASK, UPDATE, ANSWER, PING };

/* A record: what is in it, its epoch, its number within it. */
chan toServer = [ROOM] of { mtype, byte, byte };
chan toAgent = [ROOM] of { mtype, byte, byte };

typedef Sealer { byte epoch; byte records }
typedef Opener { byte epoch; byte records; bit expectsNext }

Sealer agentSeals, serverSeals;
Opener agentOpens, serverOpens;

inline seal(link, sealer, what) {
  link ! what, sealer.epoch, sealer.records;
  sealer.records = sealer.records + 1
}

/* Exactly the next number; or, where the next key is known, the first of the next epoch. */
inline open(opener, epoch, number) {
  if
  :: epoch == opener.epoch -> assert(number == opener.records)
  :: epoch != opener.epoch ->
       assert(opener.expectsNext && epoch == opener.epoch + 1 && number == 0);
       opener.epoch = epoch;
       opener.records = 0;
       opener.expectsNext = 0
  fi;
  opener.records = opener.records + 1
}

proctype Agent() {
  mtype what;
  byte epoch, number, sent;
  bit isUpdating;
end:
  do
  :: atomic { sent < RECORDS && nfull(toServer) -> seal(toServer, agentSeals, DATA); sent++ }
  :: atomic { MAY_UPDATE && agentSeals.epoch < EPOCHS && nfull(toServer) ->
       seal(toServer, agentSeals, UPDATE);
       isUpdating = 1;
     }
  :: atomic { toAgent ? what, epoch, number ->
       open(agentOpens, epoch, number);
       if
       :: what == ANSWER ->
            assert(isUpdating);
            isUpdating = 0;
            /* What waits was sealed before: the switch is between two records. */
            agentSeals.epoch++;
            agentSeals.records = 0;
            /* The answer was the last record of its epoch. */
            agentOpens.epoch++;
            agentOpens.records = 0;
            what = PING
       :: what == ASK && !isUpdating && agentSeals.epoch < EPOCHS -> what = UPDATE
       :: else -> what = DATA
       fi
     };
     /* Its reply, when there is room. */
     if
     :: what == PING -> atomic { nfull(toServer) -> seal(toServer, agentSeals, PING) }
     :: what == UPDATE ->
          atomic { nfull(toServer) -> seal(toServer, agentSeals, UPDATE);
            isUpdating = 1
          }
     :: else -> skip
     fi
  od
}

proctype Server() {
  mtype what;
  byte epoch, number, sent, asked;
end:
  do
  :: atomic { sent < RECORDS && nfull(toAgent) -> seal(toAgent, serverSeals, DATA); sent++ }
  :: atomic { asked < 1 && nfull(toAgent) -> seal(toAgent, serverSeals, ASK); asked++ }
  :: atomic { toServer ? what, epoch, number -> open(serverOpens, epoch, number) };
     if
     :: what == UPDATE ->
          /* The answer is the last record under the old key. */
          atomic { nfull(toAgent) ->
            assert(!serverOpens.expectsNext);
#ifdef EARLY
            serverSeals.epoch++;
            serverSeals.records = 0;
            seal(toAgent, serverSeals, ANSWER);
#else
            seal(toAgent, serverSeals, ANSWER);
            serverSeals.epoch++;
            serverSeals.records = 0;
#endif
#ifndef NO_NEXT
            serverOpens.expectsNext = 1
#endif
          }
     :: else -> skip
     fi
  od
}

init {
  atomic { run Agent(); run Server() };
  /* When nothing moves any more, both directions are at the same epoch. */
  timeout ->
    assert(empty(toServer) && empty(toAgent));
    assert(agentSeals.epoch == serverOpens.epoch && serverSeals.epoch == agentOpens.epoch && agentSeals.epoch == serverSeals.epoch)
}
