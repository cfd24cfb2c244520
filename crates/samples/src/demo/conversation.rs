//! Conversations: drivers and the control room.

use serde_json::{Value, json};

use super::super::shape::flat_annotations;
use super::brush::Brush;
use super::{Asset, Plan, Subject};

pub(super) const SUBJECT: Subject = Subject {
    name: "conversation",
    dataset: "Control room chats",
    label_kind: "Default",
    projects: &[Plan { name: "Control room intents", annotate, blank, rows: 6 }],
    assets,
};

struct Chat {
    question: &'static str,
    reply: &'static str,
    /// A word of the question and a word of the reply.
    places: (&'static str, &'static str),
}

static CHATS: [Chat; 6] = [
    Chat { question: "May I enter road 5?", reply: "Hold, road 5 is taken.", places: ("road 5", "road 5") },
    Chat { question: "Where do I set down the van?", reply: "Behind the goods shed.", places: ("van", "goods shed") },
    Chat { question: "Signal 9 is dark.", reply: "Pass it at \"caution\" {rule 4}.", places: ("Signal 9", "rule 4") },
    Chat {
        question: "Weiche 12 klemmt \u{2744}\u{fe0f}",
        reply: "St\u{f6}rdienst kommt zu Weiche 12.",
        places: ("Weiche 12", "Weiche 12"),
    },
    Chat {
        question: "Is the turntable free?",
        reply: "Yes, after the tank engine.",
        places: ("turntable", "tank engine"),
    },
    Chat {
        question: "Water at the south crane?",
        reply: "North crane only \u{1f4a7}",
        places: ("south crane", "North crane"),
    },
];

fn assets() -> Vec<Asset> {
    let asset = |(index, chat): (usize, &Chat)| {
        let sent_usec = 1_738_569_600_000_000 + index as u64 * 3_600_000_000;
        let message = |id: &str, later_usec: u64, content: &str, user: Value, align: &str| {
            json!({
                "messageId": id,
                "timestampUsec": sent_usec + later_usec,
                "content": content,
                "user": user,
                "align": align,
                "canLabel": true,
            })
        };
        let row_data = json!({
            "type": "application/vnd.labelbox.conversational",
            "version": 1,
            "messages": [
                message(QUESTION, 0, chat.question, json!({"userId": "driver", "name": "Driver"}), "left"),
                message(REPLY, 40_000_000, chat.reply, json!({"userId": "control", "name": "Control"}), "right"),
            ],
        });
        Asset {
            external_id: format!("chat-{}.json", index + 1),
            row_data: row_data.to_string(),
            media_attributes: json!({
                "asset_type": "conversational",
                "mime_type": "application/vnd.labelbox.conversational",
                "labelable_ids": [QUESTION, REPLY],
                "message_count": 2,
            }),
        }
    };
    CHATS.iter().enumerate().map(asset).collect()
}

const QUESTION: &str = "q1";
const REPLY: &str = "a1";

fn blank() -> Value {
    flat_annotations(Vec::new(), Vec::new(), Vec::new())
}

fn annotate(brush: &mut Brush, index: usize) -> Value {
    let chat = &CHATS[index];
    let mut place = |message_id: &str, content: &str, word: &str| {
        let geometry = vec![("conversational_location", location(message_id, content, word))];
        brush.object("place", "ConversationalTextEntity", geometry)
    };
    let asked = place(QUESTION, chat.question, chat.places.0);
    let answered = place(REPLY, chat.reply, chat.places.1);
    let refers = brush.relationship("refers to", "TextUnidirectionalRelationship", &answered, &asked);
    let classifications = vec![
        brush.radio("outcome", ["granted", "refused"][index % 2]),
        brush.checklist("tone", &["calm", "brief"][..1 + index % 2]),
        brush.message_radio(QUESTION, "intent", ["request", "report"][usize::from(index == 2)]),
        brush.message_checklist(REPLY, "mentions", &["place", "rule"][..1 + index % 2]),
        brush.message_text(REPLY, "paraphrase", "Control decides; the driver waits."),
    ];
    flat_annotations(vec![asked, answered], classifications, vec![refers])
}

fn location(message_id: &str, content: &str, word: &str) -> Value {
    let start = content.find(word).map_or(0, |byte| content[..byte].chars().count());
    let end = start + word.chars().count() - 1;
    json!({"message_id": message_id, "location": {"start": start, "end": end}})
}
